"""Opens and verifies a data set; the tf.data pipeline."""
