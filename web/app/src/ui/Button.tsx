import type { ComponentProps } from 'react'
import styles from './Button.module.css'

interface Props extends ComponentProps<'button'> {
  look?: 'primary' | 'plain' | 'quiet' | 'danger'
  size?: 'normal' | 'large' | 'small'
}

export const Button = ({ look = 'plain', size = 'normal', className, type = 'button', ...rest }: Props) => (
  <button
    type={type}
    className={[styles.button, styles[look], styles[size], className].filter(Boolean).join(' ')}
    {...rest}
  />
)
