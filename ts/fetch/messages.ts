/** What a host pattern may look like, for messages. */
export const HOST_PATTERN_FORMS =
  'host, *.host, IP address or CIDR block, each with an optional :port ([IPv6]:port)'

/** Every text of the fetch capability. `at` is `host:port` as the codelet wrote it. */
export const FETCH_MESSAGES = Object.freeze({
  // Options of the host
  badPattern: (field: string, got: string, reason: string) =>
    `${field} is not a host pattern: ${got}; ${reason} (accepted: ${HOST_PATTERN_FORMS})`,
  widensFetch: (field: string) =>
    `${field}.fetch may not be set here: the runner's allow.fetch decides who performs requests`,

  // Refused by policy
  scheme: (scheme: string) =>
    `fetch of "${scheme}" URLs is not allowed; only http and https can be granted`,
  host: (at: string) => `fetch of ${at} is not allowed; grant it with allow.fetch.hosts`,
  method: (at: string, method: string) =>
    `fetch of ${at} with method ${method} is not allowed; grant it with allow.fetch.methods`,
  special: (at: string) =>
    `fetch of ${at} is not allowed: the name resolves to an address that is not public; ` +
    'grant it by an IP address or CIDR block in allow.fetch.hosts',

  // Malformed calls
  badUrl: () => 'fetch needs an absolute http or https URL as a string',
  longUrl: (max: number) => `fetch URL is longer than ${max} characters`,
  userinfo: (at: string) =>
    `fetch of ${at}: user name and password in the URL are not accepted; use a header`,
  badInit: () => 'the second argument of fetch must be an object',
  unknownInit: (key: string, accepted: readonly string[]) =>
    `fetch has no option "${key}"; accepted: ${accepted.join(', ')}`,
  badMethod: (accepted: readonly string[]) =>
    `fetch option "method" must be one of ${accepted.join(', ')}`,
  badRedirect: () => 'fetch option "redirect" must be "follow", "manual" or "error"',
  badBody: () => 'fetch option "body" must be a string; use JSON.stringify for objects',
  bodyNotAllowed: (method: string) => `a ${method} request cannot have a body`,
  badHeaders: () => 'fetch option "headers" must be an object or an array of [name, value] pairs',
  badHeaderName: (name: string) => `${name} is not a valid header name`,
  badHeaderValue: (name: string) =>
    `header "${name}" must be a string or number of printable ASCII characters`,
  forbiddenHeader: (name: string) => `header "${name}" cannot be set by a codelet`,
  tooManyHeaders: (count: number, bytes: number) =>
    `fetch accepts at most ${count} headers of ${bytes} bytes in all`,
  requestTooLarge: (at: string, max: number) =>
    `fetch of ${at}: the request body is over ${max} bytes (allow.fetch.maxRequestBytes)`,

  // Failures of the exchange
  aborted: (at: string) => `fetch of ${at} was aborted`,
  timeout: (at: string, ms: number) =>
    `fetch of ${at} took longer than ${ms} ms (allow.fetch.timeoutMs)`,
  unresolved: (at: string) => `fetch of ${at} failed: the name could not be resolved`,
  network: (at: string, code: string | undefined) =>
    `fetch of ${at} failed: ${code ?? 'network error'}`,
  upgraded: (at: string) => `fetch of ${at} failed: the server switched to another protocol`,
  tooManyRedirects: (at: string, max: number) =>
    `fetch of ${at} was redirected more than ${max} times (allow.fetch.maxRedirects)`,
  redirected: (at: string) => `fetch of ${at} was redirected, and redirect is "error"`,
  badLocation: (at: string) => `fetch of ${at} was redirected to something that is not a URL`,
  responseTooLarge: (at: string, max: number) =>
    `fetch of ${at}: the response body is over ${max} bytes (allow.fetch.maxResponseBytes)`,
  suppliedFollowed: (at: string) =>
    `fetch of ${at} failed: the supplied fetch followed a redirect, although told not to`,
  encoding: (at: string) => `fetch of ${at}: the response has an unsupported content-encoding`,
  undecodable: (at: string) =>
    `fetch of ${at}: the compressed response body is damaged or incomplete`,
})
