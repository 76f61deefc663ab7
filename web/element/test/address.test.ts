import { describe, expect, it } from 'vitest'
import { addressOf } from '../src/address'

const plain = { room: 'demo', url: 'https://your.host', watch: false, lang: '', panels: '' }
const address = (more: Partial<typeof plain>) =>
  addressOf({ ...plain, ...more }, 'https://page.example/a/b').href

describe('the address of a room that an element shows', () => {
  it.each([
    [{}, 'https://your.host/embed/demo?controlled='],
    [{ url: '/parlor/?x#y' }, 'https://page.example/parlor/embed/demo?controlled='],
    [{ room: 'a/b?c é' }, 'https://your.host/embed/a%2Fb%3Fc%20%C3%A9?controlled='],
    [{ watch: true, lang: 'de' }, 'https://your.host/embed/demo?controlled=&watch=&lang=de'],
    [{ panels: ' chat  people ' }, 'https://your.host/embed/demo?controlled=&panels=chat%2Cpeople'],
  ])('%j', (more, want) => expect(address(more)).toBe(want))

  it('is none of what is no address', () => expect(() => address({ url: 'https://' })).toThrow())
})
