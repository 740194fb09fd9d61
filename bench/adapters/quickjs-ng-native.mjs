/** QuickJS-ng, native, from the PyPI package `quickjs-ng`. */
import { quickjsPython } from './quickjs-python.mjs'

export default quickjsPython('quickjs-ng', 'quickjs-ng, native')
