// Values beyond JSON, for runs with `values: 'clone'`: text that marks what JSON cannot say.

/** The value of a tagged text; its buffers are fetched by index. */
const decodeTagged = (text) => jsonParse(text)

/** The tagged text of a value; its buffers are handed over on the way. */
const encodeTagged = (value) => jsonStringify(value)
