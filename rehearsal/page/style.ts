/**
 * Okabe and Ito's colours, which people with any colour vision tell apart, lighter where the paper is dark; each line
 * has a dash of its own besides. Both versions look the same in every chart.
 */
export const style = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1b2028; --quiet: #57606a; --faint: #e3e7ec; --panel: #f6f8fa;
  --canary: #c24e00; --stable: #0072b2; --pass: #00714f; --fail: #b3261e; --wait: #8a5a00; --corridor: #009e7322; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181d; --ink: #e6eaf0; --quiet: #a3adb8; --faint: #2c333b; --panel: #1b2027;
  --canary: #f0a030; --stable: #62b8ec; --pass: #3fcf9f; --fail: #ff8a80; --wait: #f0c060; --corridor: #3fcf9f26; } }
* { box-sizing: border-box; }
body { margin: 0; font: 1rem/1.5 system-ui, "DejaVu Sans", sans-serif; color: var(--ink); background: var(--paper); font-variant-numeric: tabular-nums; }
header, main, footer { max-width: 84rem; margin: 0 auto; padding: 0 1.5rem; }
header { padding-top: 2rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .5rem 0; font-weight: 650; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 0 0 .75rem; font-weight: 650; }
h3 { font-size: .9375rem; margin: 0; font-weight: 600; }
p { margin: 0; }
a { color: var(--stable); }
:focus-visible { outline: 3px solid var(--stable); outline-offset: 2px; border-radius: 2px; }
.badge { display: inline-block; padding: .1rem .7rem; border: 2px solid currentColor; border-radius: 2rem; font-weight: 650; font-size: .9375rem; }
.promoted { color: var(--pass); } .rolledBack, .notStarted { color: var(--fail); } .undecided, .timedOut { color: var(--wait); }
.reason { max-width: 60rem; font-size: 1.0625rem; overflow-wrap: anywhere; }
.reason + .reason { margin-top: .4rem; }
.findings { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--panel); border-left: 4px solid var(--fail); padding: .75rem 1rem; margin: 1rem 0; font: .875rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: 1rem 2rem; margin: 1.5rem 0 0; padding: 1rem 0; border: solid var(--faint); border-width: 1px 0; }
.facts dt { color: var(--quiet); font-size: .875rem; } .facts dd { margin: 0; font-size: 1.125rem; font-weight: 600; } .facts small { display: block; font-weight: 400; font-size: .8125rem; color: var(--quiet); }
main { display: grid; grid-template-columns: minmax(0, 1fr); }
section { padding: 1.75rem 0; border-bottom: 1px solid var(--faint); min-width: 0; }
.lead { color: var(--quiet); font-size: .9375rem; max-width: 60rem; margin-bottom: 1rem; }
.events { list-style: none; margin: 0; padding: 0; font-size: .9375rem; }
.events li { display: grid; grid-template-columns: 1.75rem 5rem minmax(0, 1fr); gap: .5rem; align-items: baseline; padding: .3rem 0; }
.events time { color: var(--quiet); white-space: nowrap; } .events p { overflow-wrap: anywhere; }
.mark { display: inline-flex; align-items: center; justify-content: center; width: 1.5rem; height: 1.5rem; border-radius: 1rem; font-size: .75rem; font-weight: 650; line-height: 1; border: 1.5px solid var(--quiet); color: var(--ink); background: var(--paper); text-decoration: none; }
.mark.passed { border-color: var(--pass); color: var(--pass); } .mark.failed { border-color: var(--fail); background: var(--fail); color: var(--paper); }
.kind { font-weight: 600; } .kind.passed { color: var(--pass); } .kind.failed { color: var(--fail); }
.rail { position: relative; margin: 0 .75rem .25rem 4rem; list-style: none; padding: 0; }
.rail li { position: absolute; } .rail .mark { position: absolute; transform: translateX(-50%); }
figure { margin: 0 0 1.5rem; min-width: 0; }
figcaption p { color: var(--quiet); font-size: .875rem; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 0 1.25rem; margin: .15rem 0 .5rem; padding: 0; font-size: .8125rem; }
.legend .key { width: 1.75rem; height: .5rem; margin-right: .4rem; vertical-align: middle; } .now { font-weight: 650; }
.plot { position: relative; height: 7.5rem; margin: 0 .75rem 1.75rem 4rem; border-left: 1px solid var(--quiet); border-bottom: 1px solid var(--quiet); }
.plot svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
path { fill: none; vector-effect: non-scaling-stroke; }
.grid { stroke: var(--faint); stroke-width: 1; }
.line { stroke-width: 2; stroke-linejoin: round; } .line.canary { stroke: var(--canary); stroke-width: 2.25; } .line.stable { stroke: var(--stable); stroke-dasharray: 7 4; }
.line.thin { stroke-width: 1.25; } .line.stable.thin { stroke-dasharray: 4 2; } .line.bound { stroke: var(--pass); stroke-dasharray: 2 3; } .line.mean { stroke: var(--ink); stroke-width: 2.5; stroke-dasharray: 12 3 2 3; }
.corridor { fill: var(--corridor); }
.moment { stroke: var(--quiet); stroke-dasharray: 1 3; opacity: .7; } .moment.passed { stroke: var(--pass); } .moment.failed { stroke: var(--fail); stroke-width: 1.5; stroke-dasharray: none; opacity: 1; }
path.rule { stroke: var(--quiet); stroke-width: 1.25; } path.rule.fails { stroke: var(--fail); } path.rule.passes { stroke: var(--pass); }
.plot span { position: absolute; font-size: .75rem; line-height: 1; color: var(--quiet); white-space: nowrap; }
.plot .y { right: calc(100% + .4rem); transform: translateY(-50%); } .plot .x { top: calc(100% + .45rem); transform: translateX(-50%); }
.plot span.rule { right: .25rem; padding: .1rem .2rem; background: color-mix(in srgb, var(--paper) 92%, transparent); color: var(--ink); }
.plot span.rule.above { transform: translateY(calc(-100% - 2px)); } .plot span.rule.below { transform: translateY(3px); }
.plot span.rule.fails { color: var(--fail); } .plot span.rule.passes { color: var(--pass); }
.cursor { position: absolute; top: 0; bottom: 0; width: 0; border-left: 1.5px solid var(--ink); pointer-events: none; }
.at { display: flex; flex-wrap: wrap; gap: 0 .5rem; font-size: .875rem; margin: 0 .75rem 1rem 4rem; } .at input { flex: 0 0 100%; min-width: 0; margin: 0; order: 3; accent-color: var(--stable); } .at output { min-width: 5rem; }
.at label { white-space: nowrap; }
.pair { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0 2rem; }
details { font-size: .875rem; margin-left: 4rem; } summary { color: var(--quiet); cursor: pointer; width: fit-content; }
.scroll { overflow-x: auto; max-height: 24rem; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; } caption { text-align: left; font-weight: 600; padding: .4rem 0; }
th, td { padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--faint); text-align: right; white-space: nowrap; font-weight: 400; } thead th { color: var(--quiet); }
th.words, td.words { text-align: left; white-space: normal; overflow-wrap: break-word; padding-left: 1.25rem; min-width: 14rem; } .name { text-align: left; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
footer { padding-top: 1.25rem; padding-bottom: 2.5rem; color: var(--quiet); font-size: .875rem; }
@media (min-width: 70rem) {
  main { grid-template-columns: minmax(0, 1fr) 21rem; column-gap: 3rem; }
  section { grid-column: 1; } section.beside { grid-column: 2; grid-row: 1 / span 2; border: 0; } section.beside > div { position: sticky; top: 1.5rem; }
  section.full { grid-column: 1 / -1; }
  .pair { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
@media (max-width: 40rem) {
  header, main, footer { padding-left: 1rem; padding-right: 1rem; }
  h1 { font-size: 1.3rem; }
  .plot, .rail, .at { margin-left: 3.25rem; margin-right: .5rem; } details { margin-left: 0; }
  .plot .x.odd { display: none; }
  .facts { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .75rem 1rem; }
  .stacked thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .stacked tr { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); padding: .5rem 0; border-bottom: 1px solid var(--faint); }
  .stacked th, .stacked td { border: 0; text-align: left; padding: .1rem .5rem .1rem 0; white-space: normal; }
  .stacked td::before, .stacked th::before { content: attr(data-column); display: block; color: var(--quiet); font-size: .75rem; }
  .stacked .words { grid-column: 1 / -1; min-width: 0; padding-left: 0; }
}
@media print {
  :root { --paper: #fff; --ink: #000; --quiet: #444; --faint: #ccc; --canary: #c24e00; --stable: #0072b2; --pass: #00714f; --fail: #b3261e; }
  body { font-size: 10pt; } figure, tr, li { break-inside: avoid; } h2, h3 { break-after: avoid; } .at, details { display: none; }
  * { print-color-adjust: exact; }
}
`;
