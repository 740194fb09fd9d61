// Attacks as plain scripts, so that the same text can be given to a codelet and to `node:vm`.
// Each is a function body with `input` (an object of the host) and `console` in scope.

export const guests = {
  'constructor chain':
    "return input.constructor.constructor('return process')().version.length > 0 ? 'escaped' : 'kept'",
  'prototype pollution': "input.__proto__.polluted = 'by the guest'; return 'done'",
  'loop after await': 'await null; for (;;) {}',
  'loop in a thenable result': 'return { then() { for (;;) {} } }',
  'loop in toJSON of the result': 'return { toJSON() { for (;;) {} } }',
  'unpolled built-in': 'return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)',
  'memory bomb': 'const a = []; for (;;) a.push(new Array(100000).fill(a.length))',
  'microtask storm':
    'const f = () => { Promise.resolve().then(f) }; f(); await new Promise(() => {})',
}
