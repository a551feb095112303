import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const manifestSchema = z.record(
  z.string(),
  z.object({
    file: z.string(),
    imports: z.array(z.string()).optional(),
    css: z.array(z.string()).optional(),
  }),
);
export type Manifest = z.infer<typeof manifestSchema>;

/**
 * The build's manifest, read once.
 * @throws if there is no build
 */
export async function readManifest(distDir: string): Promise<Manifest> {
  return manifestSchema.parse(JSON.parse(await readFile(join(distDir, ".vite/manifest.json"), "utf8")));
}

/**
 * `src/features/access/page.tsx` and `src/…/access-page.tsx` are `access`, `sign-in-page.tsx` is `signin`; a page below
 * another, such as `access/tokens`, is `src/features/access/tokens/page.tsx`.
 */
const isPage = (key: string, page: string): boolean => {
  if (page.includes("/")) return key.endsWith(`/features/${page}/page.tsx`);
  const name = /\/([a-z-]+)-page\.tsx$/.exec(key) ?? /\/([a-z-]+)\/page\.tsx$/.exec(key);
  return name?.[1]?.replaceAll("-", "") === page;
};

/**
 * Links that make the browser load a page's own script and style while the first script is still loading.
 * @param page its name in the URL, such as `services`
 * @param sent the page as sent, whose files are left out, and the path below which people reach it
 * @returns HTML for the head, empty for a page without its own script
 */
export function preloadsOf(
  manifest: Manifest,
  page: string,
  { html, basePath }: { html: string; basePath: string },
): string {
  const own = Object.keys(manifest).find((key) => isPage(key, page));
  const chunks = new Set<string>();
  const visit = (key: string): void => {
    if (chunks.has(key)) return;
    chunks.add(key);
    for (const imported of manifest[key]?.imports ?? []) visit(imported);
  };
  if (own !== undefined) visit(own);
  const files = [...chunks].map((key) => manifest[key]);
  const links = [
    ...files.map((chunk) => ({ file: chunk?.file, attributes: 'rel="modulepreload" crossorigin' })),
    ...files
      .flatMap((chunk) => chunk?.css ?? [])
      .map((file) => ({ file, attributes: 'rel="preload" as="style" crossorigin' })),
  ];
  return links
    .filter(({ file }) => file !== undefined && !html.includes(file))
    .map(({ file, attributes }) => `<link ${attributes} href="${basePath}/${file}">`)
    .join("");
}
