// setTimeout and setInterval, when granted. The host parks the run until the next one is due (or,
// in a deterministic run, moves the virtual clock there); firing is its call.

const MAX_PENDING = 64
/** Pending timers in order of due time, then of creation: { id, due, callback, args, every, next } */
let firstTimer = null
let pendingTimers = 0
let lastTimerId = 0

const insertTimer = (timer) => {
  let before = null
  let at = firstTimer
  while (at !== null && at.due <= timer.due) {
    before = at
    at = at.next
  }
  timer.next = at
  if (before === null) firstTimer = timer
  else before.next = timer
  pendingTimers++
}

const removeTimer = (id) => {
  let before = null
  for (let at = firstTimer; at !== null; before = at, at = at.next) {
    if (at.id !== id) continue
    if (before === null) firstTimer = at.next
    else before.next = at.next
    pendingTimers--
    return
  }
}

const schedule = (name, callback, delay, args, repeat) => {
  if (!grants.timers) throw denied('timers', name)
  if (typeof callback !== 'function') throw new TypeErrorCtor(`${name} takes a function first`)
  // Converted first: it may run the guest's code, which may set timers.
  const wish = +delay
  if (pendingTimers >= MAX_PENDING) throw overBudget('pending timers', MAX_PENDING, 'clear some first; the number is fixed')
  const wait = wish >= 1 ? (wish > 2147483647 ? 2147483647 : wish) : repeat ? 1 : 0
  const id = ++lastTimerId
  insertTimer({ __proto__: null, id, due: native.timerNow() + wait, callback, args, every: repeat ? wait : 0, next: null })
  return id
}

const timerFunctions = {
  setTimeout(callback, delay, ...args) { return schedule('setTimeout', callback, delay, args, false) },
  setInterval(callback, delay, ...args) { return schedule('setInterval', callback, delay, args, true) },
  setImmediate(callback, ...args) { return schedule('setImmediate', callback, 0, args, false) },
  clearTimeout(id) { removeTimer(id) },
  clearInterval(id) { removeTimer(id) },
  clearImmediate(id) { removeTimer(id) },
}

/** When the next timer is due, or -1. */
const nextTimer = () => (firstTimer === null ? -1 : firstTimer.due)

/** Fires the first timer if it is due. */
const fireTimer = () => {
  const timer = firstTimer
  if (timer === null || timer.due > native.timerNow()) return false
  firstTimer = timer.next
  pendingTimers--
  if (timer.every > 0) {
    timer.due = native.timerNow() + timer.every
    insertTimer(timer)
  }
  apply(timer.callback, undefined, timer.args)
  return true
}
