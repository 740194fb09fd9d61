// A consumer in TypeScript, in syntax that TypeScript 4.5 knows.
import { type CodeletResult, createCodeletRunner, RunletError, runCodelet } from 'runlet'

const source = {
  type: 'string' as const,
  code: 'export function main(input) { return input.a + 1 }',
}

async function main(): Promise<void> {
  const done: CodeletResult<number> = await runCodelet<number, { a: number }>(source, {
    input: { a: 41 },
    timeout_ms: 1000,
    host: { twice: (value: number) => value * 2 },
  })
  // The union tells the two apart by `ok`.
  const text: string = done.ok ? done.value.toFixed(0) : done.error.code
  if (text !== '42') throw new Error(`got ${text}`)

  const runner = createCodeletRunner({ maxQueued: 10 })
  const value: number = await runner.runOrThrow<number>(source, { input: { a: 41 } })
  if (value !== 42) throw new RunletError('INTERNAL', `got ${value}`)
  runner.dispose()

  // @ts-expect-error an option that does not exist
  const wrong: Parameters<typeof runCodelet>[1] = { timeout: 1 }
  console.log(wrong ? 'pass' : 'fail')
}

main()
