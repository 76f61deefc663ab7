import { lazy, Suspense } from 'react'
import { Broken } from './ended/Broken'
import { Lobby } from './lobby/Lobby'
import { RoomPage } from './room/RoomPage'
import { useRoute } from './route'
import { useStore } from './store'
import { language } from './strings'

const Doctor = lazy(async () => ({ default: (await import('./doctor/Doctor')).Doctor }))
const EmbedPage = lazy(async () => ({ default: (await import('./embed/EmbedPage')).EmbedPage }))

export const App = () => (
  <Broken>
    <Suspense>
      <Page />
    </Suspense>
  </Broken>
)

const Page = () => {
  const route = useRoute()
  // Everything is said anew when the language changes.
  useStore(language)
  if (route.page === 'lobby') return <Lobby key={route.room} room={route.room} />
  if (route.page === 'doctor') return <Doctor />
  if (route.page === 'embed') return <EmbedPage room={route.room} watch={route.watch} />
  return <RoomPage key={`${route.room}/${String(route.watch)}`} room={route.room} watch={route.watch} />
}
