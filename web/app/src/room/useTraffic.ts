import type { ConnectionStats, Room } from '/sdk/parlor.js'
import { useEffect, useState } from 'react'
import { type Traffic, trafficOf } from './traffic'

const EVERY_MS = 1_000

// What the connection carries, looked at every second while anybody wants to know.
export const useTraffic = (room: Room): Traffic | undefined => {
  const [traffic, setTraffic] = useState<Traffic>()
  useEffect(() => {
    let before: ConnectionStats | undefined
    let over = false
    const look = async () => {
      const now = await room.connectionStats().catch(() => undefined)
      if (over || now === undefined) return
      if (before !== undefined) setTraffic(trafficOf(before, now))
      before = now
    }
    void look()
    const timer = setInterval(() => void look(), EVERY_MS)
    return () => {
      over = true
      clearInterval(timer)
    }
  }, [room])
  return traffic
}
