/** Reading objects that follow the Standard Schema convention, whatever library made them. */

/** A checked schema, reduced to its one function. */
export type Validate = (value: unknown) => unknown

/** One complaint as plain data; no path means the whole value. */
export interface Issue {
  message: string
  path?: Array<string | number>
}

/** The function of a Standard Schema. Some libraries' schemas are functions, so only `~standard` counts. */
export function standardValidate(schema: unknown): Validate | undefined {
  const standard = member(schema, '~standard')
  const validate = member(standard, 'validate')
  return typeof validate === 'function' ? (given) => validate.call(standard, given) : undefined
}

/** Plain data, whatever the library's own issue class holds. */
export function readIssue(value: unknown): Issue {
  const path = member(value, 'path')
  const issue: Issue = { message: String(member(value, 'message') ?? 'invalid') }
  if (Array.isArray(path) && path.length > 0) {
    issue.path = path.map((part: unknown) => {
      const key = typeof part === 'object' ? member(part, 'key') : part
      return typeof key === 'number' ? key : String(key)
    })
  }
  return issue
}

/** A member of anything; nothing has none. */
export function member(value: unknown, name: string): unknown {
  const isHolder = (typeof value === 'object' && value !== null) || typeof value === 'function'
  return isHolder ? Reflect.get(value, name) : undefined
}
