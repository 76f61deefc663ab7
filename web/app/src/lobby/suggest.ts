// A room name that can be said aloud and is unlikely to be taken. Not a secret: who must not come in needs a token.

const MOODS = (
  'amber bold brave bright calm clear clever cosy crisp dapper early easy fair fond free fresh gentle glad golden ' +
  'happy honest jolly keen kind light lively lucky mellow merry mild neat new noble open plain polite proud quick ' +
  'quiet rapid ready royal sharp silver simple smart snug solid spry steady sunny swift tidy true vivid warm wise'
).split(' ')

const THINGS = (
  'acorn alder aspen badger basil beacon birch bramble brook cedar cherry cinder clover comet coral cove crane dune ' +
  'elm ember falcon fern finch fjord garden glade harbor hazel heron island ivy juniper lagoon lantern lark linden ' +
  'maple marble meadow mint moss olive orchard otter pebble pine plover poplar quartz reed river robin sable sage ' +
  'sparrow spruce summit thistle tulip valley walnut willow wren'
).split(' ')

const random = (below: number): number => {
  const [word] = crypto.getRandomValues(new Uint32Array(1))
  return (word as number) % below
}

export const suggestRoom = (): string =>
  `${MOODS[random(MOODS.length)]}-${THINGS[random(THINGS.length)]}-${100 + random(900)}`
