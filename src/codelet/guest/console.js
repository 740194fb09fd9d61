// console and helpers.logger: one list, kept by the host.

const LEVEL = { __proto__: null, log: 0, info: 1, warn: 2, error: 3 }

const logAt = (level) => (args) => {
  // A full list costs nothing: what would be dropped is counted, not formatted.
  if (native.logRoom()) native.log(level, format(args))
}

const writeLog = logAt(LEVEL.log)
const writeInfo = logAt(LEVEL.info)
const writeWarn = logAt(LEVEL.warn)
const writeError = logAt(LEVEL.error)

const makeConsole = () => ({
  log(...args) { writeLog(args) },
  info(...args) { writeInfo(args) },
  warn(...args) { writeWarn(args) },
  error(...args) { writeError(args) },
  debug(...args) { writeLog(args) },
  trace(...args) { writeLog(args) },
})

const makeLogger = () => ({
  info(...args) { writeInfo(args) },
  warn(...args) { writeWarn(args) },
  error(...args) { writeError(args) },
})
