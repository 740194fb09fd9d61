/** Whose a container is: the process that started it, so that nobody's containers can be removed. */

import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

function quietly(read: () => string): string {
  try {
    return read().trim()
  } catch {
    return ''
  }
}

/** When a process began, in the kernel's own count; empty where that cannot be known. */
function beganAt(pid: number): string {
  const stat = quietly(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

/** Same text, same numbers of processes: this boot of this machine, and its namespace of processes. */
function place(): string {
  const boot = quietly(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'))
  const space = quietly(() => readlinkSync('/proc/self/ns/pid'))
  const where = boot === '' ? hostname() : `${boot} ${space}`
  return createHash('sha256').update(where).digest('hex').slice(0, 16)
}

/** Value of the label that says whose a container is. */
export function ownerLabel(pid = process.pid): string {
  return `${place()}.${pid}.${beganAt(pid)}`
}

/** Whether an owner is certainly gone. Of one at another place nobody here can know. */
export function isGone(owner: string): boolean {
  const [where, number, began = ''] = owner.split('.')
  const pid = Number(number)
  if (where !== place() || !Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    return Reflect.get(Object(error), 'code') === 'ESRCH'
  }
  // Its number may be another's by now.
  return began !== '' && beganAt(pid) !== began
}
