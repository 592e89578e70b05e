package ghostnet.core

/**
 * The colour of a class, 0xAARRGGBB and opaque: hues by the golden ratio, so that neighbours differ;
 * `ghostnet_tf/data/class_colours.py` once more.
 */
fun classColour(label: Int): Int {
    val sixths = 6 * ((0.33 + 0.618034 * label) % 1)
    val part = sixths - sixths.toInt()
    val low = BRIGHT * (1 - FULL)
    val falling = BRIGHT * (1 - FULL * part)
    val rising = BRIGHT * (1 - FULL * (1 - part))
    val (red, green, blue) =
        when (sixths.toInt()) {
            0 -> Triple(BRIGHT, rising, low)
            1 -> Triple(falling, BRIGHT, low)
            2 -> Triple(low, BRIGHT, rising)
            3 -> Triple(low, falling, BRIGHT)
            4 -> Triple(rising, low, BRIGHT)
            else -> Triple(BRIGHT, low, falling)
        }
    return (0xFF shl 24) or (byte(red) shl 16) or (byte(green) shl 8) or byte(blue)
}

private fun byte(share: Double): Int = Math.rint(255 * share).toInt()

private const val FULL = 0.9 // saturation
private const val BRIGHT = 0.95
