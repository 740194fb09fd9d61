/**
 * Scripts that run inside, for any `sh`. They start no program where the shell itself can do it, so that
 * they also work where no process is left to be started.
 */

/**
 * Shell function: the kernel's count of processes that were ended for want of memory, from the file in
 * `$oom`, into `$count`.
 */
const COUNT_KILLS = `kills() {
  count=
  [ -n "$oom" ] || return 0
  while read -r name value; do
    [ "$name" = oom_kill ] && count=$value
  done <"$oom"
} 2>/dev/null`

/**
 * Runs a command between two marks on stderr: that it began, as which process; that it ended, with which
 * code, and how many processes are there then. Who is asked for an exit code of the client alone cannot
 * tell a command from an engine that failed. What this shell itself would say of a signal is not said.
 * Where HOME is in the workspace, the shell starts with another: what lies there is written by commands, and
 * not what they begin with.
 *
 * Arguments: mark, file of the memory's counts, shell, the parts of the command.
 */
export const WRAP = `mark=$1 oom=$2 shell=$3
exec 3>&2 2>/dev/null
trap : HUP INT QUIT TERM
shift 3
${COUNT_KILLS}
kills
printf '\\036%s begin %s %s\\n' "$mark" "$$" "$count" >&3
[ $# = 1 ] || set -- 'REPLY=$(printf %s "$@"); set --; eval "$REPLY"' "$shell" "$@"
case $HOME/ in
  "$PWD"/*)
    command='HOME=$RUNLET_HOME; unset RUNLET_HOME; '$1
    shift
    set -- "$command" "$@"
    RUNLET_HOME=$HOME HOME=/proc/none
    export RUNLET_HOME HOME ;;
esac
(exec "$shell" -lc "$@" 2>&3 3>&-)
code=$?
kills
set -- /proc/[0-9]*
printf '\\036%s end %s %s %s\\n' "$mark" "$code" "$#" "$count" >&3
exit "$code"`

/**
 * Looks around once, before anything of the caller's runs: `name=value` lines.
 *
 * Arguments: a file of the folder that the host wrote.
 */
export const PROBE = `set -- "$1" /proc/[0-9]*
file=$1
shift
echo "processes=$#"
keep=
for process in "$@"; do
  number=\${process#/proc/}
  [ "$number" = 1 ] && continue
  [ "$number" = "$$" ] && continue
  if [ -z "$keep" ] || [ "$number" -lt "$keep" ]; then keep=$number; fi
done
echo "keep=$keep"
read -r line </proc/$$/stat
set -- \${line##*) }
[ "$3" = "$$" ] && echo leader=yes
while read -r name value rest; do
  case $name in
    Uid:) set -- $value $rest; echo "uid=$2" ;;
    CapEff:) echo "capabilities=$value" ;;
    NoNewPrivs:) echo "new=$value" ;;
    Seccomp:) echo "seccomp=$value" ;;
  esac
done </proc/$$/status
for oom in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
  [ -r "$oom" ] && echo "oom=$oom" && break
done
command -v bash >/dev/null 2>&1 && echo bash=yes
[ -f "$file" ] && echo token=yes
exit 0`

/**
 * Ends a process group, and then perhaps all that a command can have started: every process but the
 * first, the one that keeps the container alive, and this one. Prints how many are left. A process whose
 * first thread has ended looks dead, and goes on with the others.
 *
 * Arguments: the one to keep, the group or nothing, `all` or nothing. Where the one to keep is not known,
 * it is the first that does what it does.
 */
export const SWEEP = `keep=$1 group=$2 all=$3
if [ -n "$group" ]; then kill -s KILL -- "-$group" 2>/dev/null; fi
alive() {
  { read -r line <"$1/stat"; } 2>/dev/null || return 1
  line=\${line##*) }
  case $line in Z*|X*) ;; *) return 0 ;; esac
  set -- "$1"/task/*
  [ $# -gt 1 ]
}
sleeps() {
  line=
  { read -r line <"/proc/$1/cmdline"; } 2>/dev/null
  case $line in sleepinfinity*) return 0 ;; esac
  return 1
}
if [ "$all" = all ] && [ -z "$keep" ] && ! sleeps 1; then
  for process in /proc/[0-9]*; do
    number=\${process#/proc/}
    sleeps "$number" || continue
    if [ -z "$keep" ] || [ "$number" -lt "$keep" ]; then keep=$number; fi
  done
fi
left=0
round=0
while [ "$all" = all ] && [ $round -lt 50 ]; do
  left=0
  for process in /proc/[0-9]*; do
    number=\${process#/proc/}
    case $number in 1|"$keep"|"$$") continue ;; esac
    alive "$process" || continue
    left=$((left + 1))
    kill -s KILL "$number" 2>/dev/null
  done
  [ $left = 0 ] && break
  round=$((round + 1))
done
echo "left=$left"`

/** What the kernel takes for one argument, with room to spare. */
const ARGUMENT_BYTES = 120 * 1024

/** A command as arguments that are short enough; no character is cut. */
export function commandParts(text: string): string[] {
  const bytes = Buffer.from(text)
  if (bytes.length <= ARGUMENT_BYTES) return [text]
  const parts: string[] = []
  for (let at = 0; at < bytes.length; ) {
    let end = Math.min(at + ARGUMENT_BYTES, bytes.length)
    // Not within a character: its later bytes all begin with the bits 10.
    while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
    parts.push(bytes.toString('utf8', at, end))
    at = end
  }
  return parts
}

/** `name=value` lines. */
export function readFacts(text: string): Map<string, string> {
  const facts = new Map<string, string>()
  for (const line of text.split('\n')) {
    const at = line.indexOf('=')
    if (at > 0) facts.set(line.slice(0, at), line.slice(at + 1).trim())
  }
  return facts
}
