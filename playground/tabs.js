/** Tabs that work by mouse, by arrow keys and for screen readers (the ARIA tab pattern). */

/**
 * @param {HTMLElement} list The parent of the tabs, which are elements with role="tab". They may be
 *   replaced at any time.
 * @param {(tab: HTMLElement) => void} onSelect
 * @returns {{select: (tab: HTMLElement) => void}} `select` marks a tab without calling `onSelect`.
 *   It marks the first tab if the given one is not shown.
 */
export function tabs(list, onSelect) {
  /** @returns {HTMLElement[]} */
  const tabsOf = () => [...list.querySelectorAll('[role="tab"]')].filter((tab) => tab instanceof HTMLElement);
  const all = () => tabsOf().filter((tab) => tab.offsetParent !== null);
  const mark = (/** @type {HTMLElement} */ tab) => {
    const shown = all();
    const chosen = shown.includes(tab) ? tab : shown[0] ?? tab;
    for (const tab of tabsOf()) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
    }
  };
  const choose = (/** @type {HTMLElement} */ tab) => {
    mark(tab);
    onSelect(tab);
  };
  list.addEventListener("click", ({ target }) => {
    const tab = target instanceof Element ? target.closest('[role="tab"]') : null;
    if (tab instanceof HTMLElement) choose(tab);
  });
  list.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    const choices = all();
    const at = choices.findIndex((tab) => tab === document.activeElement);
    const next = choices[(at + step + choices.length) % choices.length];
    event.preventDefault();
    next.focus();
    choose(next);
  });
  return { select: mark };
}
