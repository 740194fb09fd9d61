/**
 * What the shells run, each script the same text for all, and what a real bash prints for it.
 * @module
 */

/** `makes` is a folder that is new for each run; `anew` has the peers open a shell for each. */
/** @typedef {{id: string, title: string, text: string, makes?: string, anew?: boolean,
 *   burst?: number}} Script */

/** @type {Script[]} */
export const scripts = [
  { id: 'echo', title: '`echo hi`, warm', text: 'echo hi', burst: 8 },
  { id: 'anew', title: '`echo hi`, a new shell each', text: 'echo hi', anew: true, burst: 8 },
  {
    id: 'arithmetic',
    title: 'loop of 100 turns with arithmetic',
    text: 's=0; for ((i = 0; i < 100; i++)); do s=$((s + i * i % 7)); done; echo $s',
    burst: 4,
  },
  {
    id: 'stages',
    title: 'pipeline of six stages over 1,000 lines',
    text: "cat lines.txt | grep e | sort | uniq -c | sort -rn | awk '{print $1, $2, $3}'",
    burst: 2,
  },
  {
    id: 'lines',
    title: '1,000 lines through `while read`',
    text: 'cat lines.txt | while read -r name count rest; do echo "$count $name"; done | sort | tail -n 3',
  },
  {
    id: 'create',
    title: 'create 1,000 files in a loop',
    makes: 'made',
    text: 'for i in $(seq 1 1000); do echo "file $i" > made/f$i.txt; done; ls made | wc -l',
  },
  { id: 'cat', title: '`cat` of 1,000 files to `wc`', text: 'cat tree/*.txt | wc -c' },
  {
    id: 'grep',
    title: '`grep -l` over 1,000 files',
    text: 'grep -rl "needle in" tree | wc -l',
  },
  { id: 'find', title: '`find -name` over 1,000 files', text: "find tree -name '*7.txt' | wc -l" },
]

/** Shells differ in how they pad numbers. */
export const plain = (text) => text.trim().replace(/[ \t]+/g, ' ')
