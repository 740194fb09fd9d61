/**
 * Scripts that work on files inside, for any `sh` with the usual small programs. What they print is
 * base64, so that no name and no content is mistaken for anything else.
 */

/** Says whether a file is there. Arguments: its path. */
export const SEES = '[ -f "$1" ] && echo token=yes; exit 0'

/**
 * Into `$full`, where a path leads, its parts that are missing included. Says `outside` where that is not
 * in the folder, `below` where it would be below a file, and that is all then.
 *
 * Arguments: folder, path.
 */
const INSIDE = `inside() {
  path=$1 rest=
  while [ ! -e "$path" ]; do
    if [ -L "$path" ]; then
      case $(readlink -- "$path") in /*|..|../*|*/../*|*/..) return 1 ;; esac
    fi
    case $path in
      */*) rest=/\${path##*/}$rest path=\${path%/*} ;;
      *) rest=/$path$rest path=. ;;
    esac
  done
  full=$(readlink -f -- "$path" && echo x) || return 1
  full=\${full%?x}
  case $full in "$base"|"$base"/*) ;; *) return 1 ;; esac
  [ -z "$rest" ] || [ -d "$full" ] || below=yes
  full=$full$rest
}
cd -- "$1" || exit 3
base=$(pwd -P)
below=
inside "$2" || { echo outside; exit 0; }
[ -z "$below" ] || { echo below; exit 0; }`

/**
 * Says what a path is, links followed: `outside`, `missing`, `directory`, `other`, `link` for who wants to
 * write, or `file` with its size and then its content.
 *
 * Arguments: folder, path, `content` or `write`, most bytes.
 */
export const FETCH = `${INSIDE}
if [ -L "$2" ] && [ "$3" = write ]; then echo link
elif [ -d "$full" ]; then echo directory
elif [ -f "$full" ]; then
  size=$(stat -c %s -- "$full") || exit 3
  echo file $size
  if [ "$3" = content ] && [ "$size" -le "$4" ]; then base64 <"$full"; fi
elif [ -e "$full" ]; then echo other
else echo missing; fi`

/**
 * Writes base64 from stdin to a file, all or nothing, and says `written`; its permissions stay.
 *
 * Arguments: folder, path, a name that nobody else has.
 */
export const PUSH = `${INSIDE}
[ -L "$2" ] && exit 3
case $full in */*) dir=\${full%/*} ;; *) dir=. ;; esac
mkdir -p -- "$dir" || exit 3
temporary=$dir/$3
if [ -f "$full" ]; then cp -p -- "$full" "$temporary" || exit 3; fi
if base64 -d >"$temporary" && mv -f -- "$temporary" "$full"; then echo written; exit 0; fi
rm -f -- "$temporary"
exit 3`

/**
 * Lists what is below a path: folders; files; for one level, sizes of the files; all else, with `d`,
 * `f` or `o` before each name for what it leads to. Names end with NUL, lists with an empty one, and all
 * of it with `end`, unless something that lists was killed.
 *
 * Arguments: folder, path, `1` for one level.
 */
export const LIST = `${INSIDE}
[ -d "$full" ] || { if [ -e "$full" ]; then echo file; else echo missing; fi; exit 0; }
cd -- "$full" || exit 3
echo directory
depth=
[ "$3" = 1 ] && depth='-maxdepth 1'
export base
look() {
  find . -mindepth 1 $depth "$@"
  [ $? -lt 128 ] || exit 3
}
{
  look -type d -print0
  printf '\\0'
  look -type f -print0
  printf '\\0'
  [ "$3" = 1 ] && look -type f -exec stat -c %s {} + | tr '\\n' '\\0'
  printf '\\0'
  look ! -type d ! -type f -exec sh -c 'for one do
    kind=o
    full=$(readlink -f -- "$one" && echo x)
    full=\${full%?x}
    case $full in
      "$base"|"$base"/*) if [ -d "$full" ]; then kind=d; elif [ -f "$full" ]; then kind=f; fi ;;
    esac
    printf "%s%s\\0" "$kind" "$one"
  done' sh {} +
  printf '\\0end\\0'
} 2>/dev/null | base64`

/** Packs what is below a path. Arguments: folder, path. */
export const PACK = `${INSIDE}
if [ -f "$full" ]; then
  echo file
  cd -- "\${full%/*}" && tar -cf - -- "./\${full##*/}" 2>/dev/null | base64
elif [ -d "$full" ]; then
  echo directory
  cd -- "$full" && tar -cf - . 2>/dev/null | base64
elif [ -e "$full" ]; then echo other
else echo missing; fi`
