import { cpus, loadavg } from "node:os";

/** What the figures were taken on. The load says whether anything else ran beside. */
export function machine(): string {
  const [load = 0] = loadavg();
  const [cpu] = cpus();
  return `${cpus().length} cores (${cpu?.model.trim() ?? "unknown"}), Node.js ${process.versions.node}, load ${load.toFixed(1)}`;
}
