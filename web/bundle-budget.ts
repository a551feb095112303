import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const budgetBytes = { js: 180 * 1000, css: 22 * 1000 };
const firstPage = "routes/overview-page.tsx";

/**
 * Prints the gzipped size of a first visit to the overview, and fails the build when it exceeds the budget.
 */
export const bundleBudget = (): Plugin => ({
  name: "bundle-budget",
  generateBundle(_options, bundle) {
    const chunks = Object.values(bundle).filter((output) => output.type === "chunk");
    const needed = new Set<string>();
    const visit = (fileName: string): void => {
      if (needed.has(fileName)) return;
      needed.add(fileName);
      const chunk = chunks.find((candidate) => candidate.fileName === fileName);
      for (const imported of chunk?.imports ?? []) visit(imported);
    };
    for (const { fileName, isEntry, facadeModuleId } of chunks) {
      if (isEntry || facadeModuleId?.includes(firstPage) === true) visit(fileName);
    }
    const jsBytes = chunks
      .filter(({ fileName }) => needed.has(fileName))
      .reduce((sum, { code }) => sum + gzipSync(code).length, 0);
    // Styles of other pages load with them.
    const styles = new Set(
      chunks
        .filter(({ fileName }) => needed.has(fileName))
        .flatMap(({ viteMetadata }) => [...(viteMetadata?.importedCss ?? [])]),
    );
    const cssBytes = Object.values(bundle)
      .filter(({ fileName }) => styles.has(fileName))
      .reduce((sum, output) => sum + (output.type === "asset" ? gzipSync(output.source).length : 0), 0);
    const kB = (sizeBytes: number) => `${(sizeBytes / 1000).toFixed(1)} kB`;
    const line = `First page, gzipped: scripts ${kB(jsBytes)} of ${kB(budgetBytes.js)}, styles ${kB(cssBytes)} of ${kB(budgetBytes.css)}`;
    if (jsBytes > budgetBytes.js || cssBytes > budgetBytes.css) this.error(`Over budget. ${line}`);
    this.info(line);
  },
});
