import { LineChart } from "echarts/charts";
import { GridComponent, LegendComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { ReleasePlan } from "../components/model/releasePlan/releasePlan.ts";

echarts.use([LineChart, GridComponent, LegendComponent, SVGRenderer]);

/** Of Okabe and Ito: told apart by who sees colours differently, and by their line besides. */
const lines = [
  { color: "#0072b2", type: "solid" },
  { color: "#d55e00", type: "dashed" },
  { color: "#009e73", type: "dotted" },
] as const;

/**
 * A planned release as an SVG picture: the percent of the traffic on the new version over time, in the mean, and as
 * late as 95 of 100 releases, for each rate of requests.
 */
export function releasePicture(model: string, { at }: ReleasePlan): string {
  const view = echarts.init(null, null, { renderer: "svg", ssr: true, width: 920, height: 360 });
  const minutes = Math.max(...at.map(({ seconds }) => seconds.late)) / 60;
  const series = at.flatMap(({ when, requestsPerSecond, stages }, index) => {
    const { color, type } = lines[index % lines.length] ?? lines[0];
    return (["mean", "late"] as const).map((which) => {
      let now = 0;
      const data = stages.flatMap(({ weight, seconds }): [number, number][] => {
        const from = now;
        now += seconds[which] / 60;
        return [
          [from, weight],
          [now, weight],
        ];
      });
      const name = `${when}, ${Number(requestsPerSecond.toPrecision(3))} requests/s${which === "mean" ? "" : ", 95 of 100 by then"}`;
      return {
        type: "line" as const,
        name,
        showSymbol: false,
        color,
        lineStyle: { type, width: which === "mean" ? 3 : 1 },
        data,
      };
    });
  });
  view.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    textStyle: { fontFamily: "system-ui, sans-serif" },
    aria: { enabled: true },
    legend: { bottom: 0, type: "plain" },
    grid: { left: 60, right: 40, top: 40, bottom: 90 },
    xAxis: { type: "value", min: 0, max: Math.ceil(minutes), name: "minutes", nameLocation: "middle", nameGap: 26 },
    yAxis: {
      type: "value",
      min: 0,
      max: 100,
      interval: 25,
      name: `% of the traffic on the new version of ${model}`,
      nameTextStyle: { align: "left" },
    },
    series,
  });
  const svg = view.renderToSVGString();
  view.dispose();
  return svg;
}
