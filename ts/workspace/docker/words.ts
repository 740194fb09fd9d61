/** What an engine says, fit for those who know nothing of the host. */

const LONGEST = 1_000
/** An absolute path: not what follows a word, as in `and/or` and in names of images. */
const POSIX_PATH = /(?<![\w.)\]/-])\/{1,3}[^\s"'`,;:()<>/](?:[^\s"'`,;:()<>]*[^\s"'`,;:()<>.])?/g
const WINDOWS_PATH = /\b[A-Za-z]:\\[^\s"'`,;:()<>]*|\\\\[^\s"'`,;()<>]+/g

/** The engine's own words in one line, without paths of the host and without values of variables. */
export function engineWords(
  text: string,
  { root, env = {} }: { root?: string; env?: Readonly<Record<string, string>> } = {},
): string {
  let words = text
  // Blanks of the root would end a path too early.
  if (root !== undefined && root.length > 1) words = words.replaceAll(root, '<path>')
  for (const value of Object.values(env)) {
    if (value.length >= 6) words = words.replaceAll(value, '<value>')
  }
  words = words
    // biome-ignore lint/suspicious/noControlCharactersInRegex: ESC is what starts a colour.
    .replace(/\u001b\[[0-9;]*m/g, '')
    .replace(/^(?:docker|podman|nerdctl): /gm, '')
    .replace(/^(?:Run|See) '.*--help'.*$/gm, '')
    .replace(POSIX_PATH, '<path>')
    .replace(WINDOWS_PATH, '<path>')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
    .replace(/[\u0000-\u001f\u007f]+/g, ' ')
    .trim()
  return words.length > LONGEST ? `${words.slice(0, LONGEST)}...` : words
}
