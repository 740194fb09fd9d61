// A virtual module: the host gives it to codelets under the name 'cart'.

export const subtotal = (lines) =>
  lines.reduce((sum, { quantity, unitCents }) => sum + quantity * unitCents, 0)
