/** Texts that the guest's own shell runs around commands. They need `sh`, `setsid` and `/proc`. */

/** Programs of the guest are where they usually are, whatever the command's PATH is. */
const SEARCH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Leaves when the process number $1 was started in `started`; its name may hold anything. */
const STARTED = `started() {
  started=
  read -r line < "/proc/$1/stat" || return 1
  line=\${line##*) }
  set -- $line
  shift 19
  started=$1
} 2>/dev/null`

/**
 * Once, before the first command: a folder for notes, the shell for commands, and the processes that the
 * guest itself needs, by number and time of their start.
 */
export const PREPARE = `${SEARCH}:$PATH
${STARTED}
folder=/run/runlet
mkdir -p "$folder" 2>/dev/null || folder=/tmp/.runlet
mkdir -p "$folder" || exit 1
chmod 700 "$folder"
command -v setsid >/dev/null || exit 2
shell=/bin/sh
[ -x /usr/bin/bash ] && shell=/usr/bin/bash
[ -x /bin/bash ] && shell=/bin/bash
echo "folder $folder"
echo "shell $shell"
for entry in /proc/[0-9]*; do
  number=\${entry#/proc/}
  [ "$number" = $$ ] || [ ! -e "$entry/exe" ] || ! started "$number" || echo "keep $number:$started"
done`

/**
 * Ends what has the name of a call, $1, in its environment, as all has that it starts, unless that was
 * cleared. Until twice nothing is found: what is just becoming another program shows no environment. Only
 * what the guest does not need itself is looked at, as that takes programs: mostly there is nothing.
 */
const END_MARKED = `${STARTED}
end_marked() {
  clean=0 rounds=0
  while [ $clean -lt 2 ] && [ $rounds -lt 50 ]; do
    clean=$((clean + 1)) rounds=$((rounds + 1))
    for entry in /proc/[0-9]*; do
      number=\${entry#/proc/}
      [ "$number" != 1 ] && [ "$number" != $$ ] && [ -e "$entry/exe" ] || continue
      started "$number" || continue
      case $kept in *" $number:$started "*) continue ;; esac
      tr '\\0' '\\n' <"$entry/environ" | grep -qxF "RUNLET_CALL=$1" || continue
      clean=0
      kill -KILL "$number"
    done
  done
} 2>/dev/null`

/**
 * Has the kernel forget what it knows of files. It believes names and sizes that it was told for a second;
 * the host may have changed them since. Twice, as the first time spares what was used lately. Only in a
 * guest: somebody may hand commands to another computer.
 */
const FORGET = `[ ! -x /usr/bin/sandboxd ] || for once in 1 2; do
  echo 2 >/proc/sys/vm/drop_caches
done`

/**
 * Runs a command: $1 folder for notes, $2 name of the call, $3 processes of the guest itself, then the
 * shell and its arguments. The command
 * leads a session of its own, whose number is noted. What it leaves behind ends with it.
 */
export const LAUNCH = `exec 3>&2 2>/dev/null
${FORGET}
given=$PATH
${SEARCH}:$PATH
${END_MARKED}
note=$1/$2 call=$2 kept=" $3 "
shift 3
session=$(command -v setsid)
(
  PATH=$given RUNLET_CALL=$call
  export RUNLET_CALL
  exec "$session" /bin/sh -c 'echo $$ > "$1"; [ ! -e "$1.stop" ] || exit 137; shift; exec "$@"' \\
    sh "$note" "$@" 2>&3 3>&-
) </dev/null &
wait $!
code=$?
kill -KILL -$!
end_marked "$call"
rm -f "$note" "$note.stop"
exit $code`

/**
 * Ends a call: $1 folder for notes, $2 name of the call, $3 processes of the guest itself. One that has not
 * begun yet never will.
 */
export const STOP = `${SEARCH}:$PATH
${END_MARKED}
kept=" $3 "
: > "$1/$2.stop" || exit 1
number=
read -r number < "$1/$2" 2>/dev/null
case $number in
  ''|*[!0-9]*|0*|1) ;;
  *) kill -KILL "-$number" 2>/dev/null ;;
esac
end_marked "$2"
echo stopped`

/**
 * Ends all processes but those of the guest itself: $1 those, by number and time of their start; where they
 * are not known, those whose program is one of the guest's own. $2 is the folder for notes, which go, too.
 * Says how many are left. It does nothing on
 * a computer whose process number 1 is not the guest's: somebody may hand commands to another one. A
 * process whose first thread has ended shows no program, and goes on with the others.
 */
export const SWEEP = `${SEARCH}:$PATH
case $(readlink /proc/1/exe) in
  /usr/bin/sandboxd*) ;;
  *) echo elsewhere; exit 0 ;;
esac
${STARTED}
kept=" $1 "
own() {
  case $(readlink "/proc/$1/exe") in
    /usr/bin/sandbox* | */rngd | */udhcpc) true ;;
    *) false ;;
  esac
}
runs() {
  [ -e "$1/exe" ] && return 0
  set -- "$1"/task/*
  [ $# -gt 1 ]
}
round=0
while :; do
  left=0
  for entry in /proc/[0-9]*; do
    number=\${entry#/proc/}
    [ "$number" != 1 ] && [ "$number" != $$ ] && runs "$entry" || continue
    if [ "$1" = "" ]; then
      own "$number" && continue
    else
      started "$number" || continue
      case $kept in *" $number:$started "*) continue ;; esac
    fi
    left=$((left + 1))
    kill -KILL "$number" 2>/dev/null
  done
  [ $left -gt 0 ] && [ $round -lt 20 ] || break
  round=$((round + 1))
  sleep 0.1 2>/dev/null || sleep 1
done
[ "$2" = "" ] || rm -f "$2"/*
echo "left $left"`

/** What `PREPARE` said, read. */
export interface Prepared {
  readonly folder: string
  readonly shell: string
  readonly kept: string
}

/** Reads it; undefined where it is not all there. */
export function readPrepared(said: string): Prepared | undefined {
  const all = (name: string) =>
    said
      .split('\n')
      .flatMap((line) => (line.startsWith(`${name} `) ? [line.slice(name.length + 1)] : []))
  const [folder] = all('folder')
  const [shell] = all('shell')
  const kept = all('keep')
  if (folder === undefined || shell === undefined || kept.length === 0) return undefined
  return { folder, shell, kept: kept.join(' ') }
}

/** What the kernel takes for one argument, with room to spare. */
const ARGUMENT_BYTES = 120 * 1024
/** Runs what its arguments are the parts of, as if it had none. */
const REJOIN = `IFS=
set -- "$*"
IFS=' \t
'
eval "shift; $1"`

/** The arguments that make a shell run a text. */
export function shellArguments(text: string): string[] {
  const bytes = Buffer.from(text)
  if (bytes.length <= ARGUMENT_BYTES) return ['-lc', text]
  const parts: string[] = []
  for (let at = 0; at < bytes.length; ) {
    let end = Math.min(at + ARGUMENT_BYTES, bytes.length)
    // Not within a character: its later bytes all begin with the bits 10.
    while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
    parts.push(bytes.toString('utf8', at, end))
    at = end
  }
  return ['-lc', REJOIN, 'sh', ...parts]
}
