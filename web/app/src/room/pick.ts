// Which device is opened. Pure.

interface Named {
  deviceId: string
}

// The one that was chosen, if it is here; else the one of last time, which the SDK knows; else, when that is gone too,
// the first there is. Undefined: whatever the SDK takes.
export const deviceFor = (
  chosen: string,
  last: string | undefined,
  list: readonly Named[],
): string | undefined => {
  const here = (id: string | undefined) => list.some((d) => d.deviceId === id)
  if (here(chosen)) return chosen
  return last === undefined || here(last) ? undefined : list[0]?.deviceId
}
