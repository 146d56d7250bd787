// Bundles the front end into web/static/. The same sources and lock give the same bytes: no hashes of time or place.
import { build } from "esbuild";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

await build({
  absWorkingDir: here("."),
  entryPoints: { crypto: "src/crypto/index.ts", audit: "src/audit/index.ts" },
  outdir: here("../static"),
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "browser",
  target: ["es2024"],
  minify: true,
  sourcemap: false,
  legalComments: "linked",
  chunkNames: "chunk-[hash]",
  logLevel: "warning",
});
