import { createRoot } from 'react-dom/client'
import { App } from './App'
import { takeToken } from './token'
import './ui/base.css'

takeToken()

const root = document.getElementById('root')
if (root !== null) createRoot(root).render(<App />)
