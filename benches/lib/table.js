/** Medians and tables. */

/**
 * @param {number[]} numbers At least one.
 * @returns {number}
 */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * @param {number} number
 * @param {number} digits After the point.
 */
export function round(number, digits) {
  return Number(number.toFixed(digits));
}

/**
 * @param {string[]} head
 * @param {string[][]} rows
 * @returns {string} Columns aligned, the first one to the left.
 */
export function table(head, rows) {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  /** @param {string[]} row */
  const line = (row) => row.map((cell, column) => (column < 1 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join("  ");
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
