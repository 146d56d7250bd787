// Bundles the front end into web/static/, which holds nothing else. The same sources and lock give the same bytes.
import { rmSync } from "node:fs";
import { build } from "esbuild";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const outdir = here("../static");
rmSync(outdir, { recursive: true, force: true });

await build({
  absWorkingDir: here("."),
  entryPoints: { crypto: "src/crypto/index.ts", audit: "src/audit/index.ts" },
  outdir,
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
