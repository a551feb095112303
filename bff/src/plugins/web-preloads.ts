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

/** Folders of pages that lie below another page, where they are called otherwise than in the URL. */
const folders = new Map([["queues/find", "queues/search"]]);

/**
 * `src/features/queues/page.tsx` and `src/…/queues-page.tsx` are `queues`, `src/features/queues/jobs/page.tsx` is
 * `queues/jobs`, `sign-in-page.tsx` is `signin`.
 */
const isPage = (key: string, page: string): boolean => {
  const folder = folders.get(page) ?? page;
  if (folder.includes("/")) return key.endsWith(`/features/${folder}/page.tsx`);
  const name = /\/([a-z-]+)-page\.tsx$/.exec(key) ?? /\/([a-z-]+)\/page\.tsx$/.exec(key);
  return name?.[1]?.replaceAll("-", "") === folder;
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
