/** Light or dark: as the browser has it until the person chooses, which is kept. */

const KEPT = "micropython-ssl theme";

/** Takes the theme of the last visit, where one was chosen. */
export function restoreTheme() {
  try {
    use(localStorage.getItem(KEPT));
  } catch {
    // The browser keeps nothing for this page.
  }
}

/** Changes from light to dark, or back, and keeps that. */
export function changeTheme() {
  const theme = document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const other = theme === "dark" ? "light" : "dark";
  use(other);
  try {
    localStorage.setItem(KEPT, other);
  } catch {
    // Then it is for this visit only.
  }
}

/** @param {string | null} theme */
function use(theme) {
  if (theme !== null) document.documentElement.dataset.theme = theme;
}
