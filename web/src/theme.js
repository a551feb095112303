// Runs before the first paint, which must know the theme.
(() => {
  let wanted = "system";
  try {
    wanted = JSON.parse(localStorage.getItem("wheelhouse.preferences") ?? "{}").theme ?? "system";
  } catch {
    // Storage may be denied; the system theme applies then.
  }
  const dark =
    wanted === "dark" || (wanted !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
