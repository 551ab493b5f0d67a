/**
 * Shows the values of every chart at one moment: where the pointer is, or as the slider says, which takes arrow keys.
 * Without it the page lacks nothing else.
 */
export const script = `
const { from, to, charts } = JSON.parse(document.getElementById("figures").textContent);
const input = Object.assign(document.createElement("input"), { type: "range", id: "at", min: from, max: to, step: (to - from) / 200, value: to });
const label = Object.assign(document.createElement("label"), { htmlFor: "at", textContent: "Values at" });
const output = document.createElement("output");
const bar = Object.assign(document.createElement("div"), { className: "at" });
bar.append(label, input, output);
document.getElementById("cursor").replaceWith(bar);
const clock = (ms) => to < 180000 ? Math.round(ms / 1000) + " s" : Math.floor(ms / 60000) + ":" + String(Math.floor(ms / 1000) % 60).padStart(2, "0") + " min";
const text = (value) => value === null ? "–" : Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en-US") : String(Number(value.toPrecision(3)));
function show(ms) {
  output.textContent = clock(ms);
  input.setAttribute("aria-valuetext", clock(ms));
  for (const [id, lines] of Object.entries(charts)) {
    const figure = document.getElementById(id);
    const cursor = figure.querySelector(".cursor");
    cursor.hidden = false;
    cursor.style.left = 100 * (ms - from) / (to - from) + "%";
    lines.forEach(([times, values], index) => {
      let at = -1;
      while (at + 1 < times.length && times[at + 1] <= ms) at += 1;
      figure.querySelector('[data-line="' + index + '"]').textContent = at < 0 ? "–" : text(values[at]);
    });
  }
}
input.addEventListener("input", () => show(Number(input.value)));
for (const plot of document.querySelectorAll(".plot")) {
  plot.addEventListener("pointermove", (event) => {
    const box = plot.getBoundingClientRect();
    input.value = from + (to - from) * Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    show(Number(input.value));
  });
}
`;
