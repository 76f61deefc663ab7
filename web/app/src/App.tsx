import { Doctor } from './doctor/Doctor'
import { EmbedPage } from './embed/EmbedPage'
import { Lobby } from './lobby/Lobby'
import { RoomPage } from './room/RoomPage'
import { useRoute } from './route'
import { useStore } from './store'
import { language } from './strings'

export const App = () => {
  const route = useRoute()
  // Everything is said anew when the language changes.
  useStore(language)
  if (route.page === 'lobby') return <Lobby key={route.room} room={route.room} />
  if (route.page === 'doctor') return <Doctor />
  if (route.page === 'embed') return <EmbedPage room={route.room} watch={route.watch} />
  return <RoomPage key={`${route.room}/${String(route.watch)}`} room={route.room} watch={route.watch} />
}
