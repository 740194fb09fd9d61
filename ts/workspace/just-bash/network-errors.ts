/** Failures of requests as `curl` knows them: it takes its exit code from words of its own client. */

import { FetchError } from '../../fetch/fetch-error'

const KINDS: readonly (readonly [RegExp, string])[] = [
  [/ with method \w+ is not allowed/, 'HTTP method not allowed: '],
  [/ was redirected more than /, 'Too many redirects: '],
  [/ took longer than /, 'Request aborted: '],
]

/** @throws (rejects) the same, with the words in front */
export async function inWordsOfCurl<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof FetchError)) throw new Error('the request failed')
    const kind = KINDS.find(([pattern]) => pattern.test(error.message))?.[1]
    const words = kind ?? (error.policy === undefined ? '' : 'Network access denied: ')
    throw new Error(`${words}${error.message}`)
  }
}
