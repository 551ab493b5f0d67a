/** A comment that this account has written. */
export interface OwnComment {
  /** By which the service changes or removes it. */
  readonly id: number;
  /** Its text. GitHub and GitLab may end lines with a carriage return. */
  readonly body: string;
}

/** One pull request, or merge request, at the service that holds it. */
export interface CodeHost {
  /** The longest text of a comment, in UTF-16 code units. */
  readonly longest: number;
  /** The newest commit of the pull request. Undefined: there is no open pull request. */
  head(): Promise<string | undefined>;
  /** All comments that this account has written, oldest first. */
  comments(): Promise<readonly OwnComment[]>;
  /** Writes a new comment. Throws `Uncertain` where it may be there or not. */
  create(body: string): Promise<void>;
  /** Replaces the text of a comment; nobody is notified. */
  update(id: number, body: string): Promise<void>;
  /** Removes a comment for good. */
  remove(id: number): Promise<void>;
}
