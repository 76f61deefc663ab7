// For tests: an element as Excalidraw makes them.

import type { Element } from './element'

let made = 0

export const drawn = (members: Partial<Record<keyof Element | 'points' | 'text', unknown>> = {}): Element =>
  ({
    id: `e${++made}`,
    type: 'rectangle',
    x: 10,
    y: 20,
    width: 100,
    height: 50,
    angle: 0,
    strokeColor: '#1e1e1e',
    backgroundColor: 'transparent',
    fillStyle: 'solid',
    strokeWidth: 2,
    strokeStyle: 'solid',
    roughness: 1,
    opacity: 100,
    groupIds: [],
    frameId: null,
    index: 'a0',
    roundness: { type: 3 },
    seed: 505697652,
    version: 1,
    versionNonce: 7,
    isDeleted: false,
    boundElements: null,
    updated: 1796047042704,
    link: null,
    locked: false,
    ...members,
  }) as unknown as Element
