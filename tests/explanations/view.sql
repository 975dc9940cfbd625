SELECT seen, friend FROM recent WHERE seen IS NOT NULL
