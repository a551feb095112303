const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as it may stand in HTML, in attributes too. */
export const escapeHtml = (text: string) =>
  text.replace(/[&<>"']/g, (character) => entities[character] ?? "");

/** Escaped and at most so long. */
export const shortHtml = (text: string, most: number) =>
  escapeHtml(text.length > most ? `${text.slice(0, most - 1)}…` : text);
