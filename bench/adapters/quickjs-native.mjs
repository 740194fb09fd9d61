/** Bellard's QuickJS, native, from the PyPI package `quickjs`. */
import { quickjsPython } from './quickjs-python.mjs'

export default quickjsPython('quickjs', 'quickjs, native')
