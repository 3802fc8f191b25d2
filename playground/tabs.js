/** Tabs that work by mouse, by arrow keys and for screen readers (the ARIA tab pattern). */

/**
 * @param {HTMLElement} list Holds the tabs, elements with role="tab"; may be filled again at any
 *   time.
 * @param {(tab: HTMLElement) => void} onSelect
 * @returns {{select: (tab: HTMLElement) => void}} `select` marks a tab without calling `onSelect`;
 *   the first one where it is not shown.
 */
export function tabs(list, onSelect) {
  const all = () => [...list.querySelectorAll('[role="tab"]')].filter((tab) => tab.offsetParent !== null);
  const mark = (tab) => {
    const shown = all();
    const chosen = shown.includes(tab) ? tab : shown[0] ?? tab;
    for (const tab of list.querySelectorAll('[role="tab"]')) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
    }
  };
  const choose = (tab) => {
    mark(tab);
    onSelect(tab);
  };
  list.addEventListener("click", ({ target }) => {
    const tab = target.closest('[role="tab"]');
    if (tab) choose(tab);
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const choices = all();
    const next = choices[(choices.indexOf(document.activeElement) + step + choices.length) % choices.length];
    event.preventDefault();
    next.focus();
    choose(next);
  });
  return { select: mark };
}
