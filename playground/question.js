/** A question to the user, with two answers. */

import { element } from "./element.js";

/**
 * @param {string} text
 * @param {string} yes The label of the button: what the answer does.
 * @param {string} no
 * @returns {Promise<boolean>}
 */
export function ask(text, yes, no) {
  const dialog = element("question", HTMLDialogElement);
  element("question-text").textContent = text;
  element("question-yes").textContent = yes;
  element("question-no").textContent = no;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}
