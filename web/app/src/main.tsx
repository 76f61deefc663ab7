import { createRoot } from 'react-dom/client'
import { App } from './App'
import { speakAsWished } from './strings'
import { takeToken } from './token'
import './ui/base.css'

takeToken()
// A link that is opened in a page that is here already only changes the fragment.
addEventListener('hashchange', takeToken)

const root = document.getElementById('root')
if (root !== null) void speakAsWished().then(() => createRoot(root).render(<App />))
