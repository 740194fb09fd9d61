/** Lists of flags in one environment variable. */

/**
 * Permission flags. A comma starts a new flag only where `--` follows it, since flags hold commas
 * themselves: `--allow-read,--allow-env=API_KEY,DATABASE_URL` is two flags.
 */
export function splitPermissionFlags(text: string): string[] {
  return parts(text, /,(?=\s*--)/)
}

/** Options of Node: as permission flags, and white space parts them too. */
export function splitNodeOptions(text: string): string[] {
  return parts(text, /,(?=\s*--)|\s+/)
}

function parts(text: string, separator: RegExp): string[] {
  const flags = text.split(separator).map((flag) => flag.trim())
  return flags.filter((flag) => flag !== '')
}
