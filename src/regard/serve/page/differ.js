// Two sentences word by word: what stayed, what went, what came.

// A list of {word, fate: "same" | "gone" | "new"}, by the longest common subsequence.
export function differ(before, after) {
  const m = before.length, n = after.length;
  const long = Array.from({ length: m + 1 }, () => new Array(n + 1).fill(0));
  for (let i = m - 1; i >= 0; i -= 1) {
    for (let j = n - 1; j >= 0; j -= 1) {
      long[i][j] = before[i] === after[j] ? long[i + 1][j + 1] + 1 : Math.max(long[i + 1][j], long[i][j + 1]);
    }
  }
  const found = [];
  let i = 0, j = 0;
  while (i < m || j < n) {
    if (i < m && j < n && before[i] === after[j]) {
      found.push({ word: before[i], fate: "same" });
      i += 1;
      j += 1;
    } else if (j >= n || (i < m && long[i + 1][j] >= long[i][j + 1])) {
      found.push({ word: before[i], fate: "gone" });
      i += 1;
    } else {
      found.push({ word: after[j], fate: "new" });
      j += 1;
    }
  }
  return found;
}
