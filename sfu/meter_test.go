package sfu
