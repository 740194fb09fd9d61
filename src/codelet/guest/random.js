// helpers.random, when granted: numbers from the host's generator (seeded in a deterministic run).

const randomHelper = () => {
  const random = () => native.random()
  random.bytes = (count) => {
    const size = +count
    if (!(size >= 0 && size <= 65536)) throw new RangeErrorCtor('random.bytes takes a number from 0 to 65536')
    const bytes = new Uint8ArrayCtor(size)
    for (let index = 0; index < bytes.length; index++) bytes[index] = native.randomByte()
    return bytes
  }
  random.uuid = () => {
    const bytes = random.bytes(16)
    bytes[6] = (bytes[6] & 0x0f) | 0x40
    bytes[8] = (bytes[8] & 0x3f) | 0x80
    let text = ''
    for (let index = 0; index < 16; index++) {
      const byte = bytes[index]
      text += hexDigit(byte >> 4) + hexDigit(byte & 15)
      if (index === 3 || index === 5 || index === 7 || index === 9) text += '-'
    }
    return text
  }
  return guarded(freeze(random))
}

const hexDigit = (value) => stringSlice('0123456789abcdef', value, value + 1)
