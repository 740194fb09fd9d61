// Date and performance with the host's clock behind them: the real one, or the virtual clock of a
// deterministic run. The realm's own Date would read the machine's clock, so it is replaced.

const GuestDate = function Date(year, month, date, hours, minutes, seconds, ms) {
  if (new.target === undefined) return dateToString(new DateCtor(native.now()))
  if (arguments.length === 0) return construct(DateCtor, [native.now()], new.target)
  return construct(DateCtor, arguments, new.target)
}

const installClock = () => {
  defineProperty(GuestDate, 'prototype', { __proto__: null, value: DateCtor.prototype, writable: false, enumerable: false, configurable: false })
  defineProperty(DateCtor.prototype, 'constructor', { __proto__: null, value: GuestDate, writable: true, enumerable: false, configurable: true })
  const method = (key, value) =>
    defineProperty(GuestDate, key, { __proto__: null, value, writable: true, enumerable: false, configurable: true })
  method('now', native.now)
  method('parse', DateCtor.parse)
  method('UTC', DateCtor.UTC)
  return GuestDate
}

const performanceObject = { now: native.elapsed }
