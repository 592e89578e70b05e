"""Which of these `.tflite` files is faster on one core, and can the number be trusted?"""
