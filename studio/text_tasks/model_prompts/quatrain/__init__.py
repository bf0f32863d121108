"""Chinese quatrains (绝句): what the starter poem model is asked, without torch."""
