/** The number options of `allow.fetch`: default and accepted range of each, in its unit. */
export const FETCH_LIMITS = Object.freeze({
  /** Bytes of the request body as UTF-8. */
  maxRequestBytes: { default: 1_048_576, min: 0, max: 268_435_456 },
  /** Bytes of the response body after decompression. */
  maxResponseBytes: { default: 2_097_152, min: 0, max: 268_435_456 },
  /** Milliseconds for the whole exchange, from the name look-up to the body's last byte. */
  timeoutMs: { default: 5_000, min: 1, max: 86_400_000 },
  /** Redirects followed before the call fails. */
  maxRedirects: { default: 5, min: 0, max: 20 },
})

/** Name of a number option. */
export type FetchLimit = keyof typeof FETCH_LIMITS

/** Most request headers, and their bytes in all. Not configurable: no API needs more. */
export const MAX_HEADERS = 100
/** See `MAX_HEADERS`. */
export const MAX_HEADER_BYTES = 16_384
/** Longest URL, in UTF-16 units. */
export const MAX_URL_LENGTH = 16_384
