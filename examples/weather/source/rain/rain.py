# %% [markdown] title
# # Rain
#
# `rain.csv` holds three years of rain, one row a month: `year`, `month` (1 to 12) and `mm`.
# Write between the START and END banners.

# %% student
# ===== START YOUR CODE HERE =====
#> name = ""  # your name
#> student_id = ""  # your student id
name = "The solution"
student_id = "solution"
# ====== END YOUR CODE HERE ======

# %% setup
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from autograder import expect

rain = pd.read_csv("rain.csv")

# %% [markdown] means
# ## 1. The mean of each month
#
# Compute the mean rain of each month over the years.

# %% monthly-means
def monthly_means(table):
    """Mean of `mm` for each month: a Series whose index is the month."""
    # ===== START YOUR CODE HERE =====
    # TODO: group the rows by month.
    means = table.groupby("month")["mm"].mean()
    # ====== END YOUR CODE HERE ======
    return means

# %% monthly-means-check
# Check the monthly means (4 points)
means = monthly_means(rain)
assert list(means.index) == list(range(1, 13)), "one mean for each month"
expect.close(float(means[7]), float(rain.mm[rain.month == 7].mean()), name="July")
other = pd.DataFrame({"month": np.tile([1, 2, 3], 4), "mm": expect.rng().uniform(20, 90, size=12)})
expect.same(monthly_means(other).to_numpy(), name="on another table")

# %% [markdown] wettest
# ## 2. The wettest month

# %% wettest-month
def wettest_month(table):
    """The month (1 to 12) with the highest mean."""
    # ===== START YOUR CODE HERE =====
    month = int(monthly_means(table).idxmax())
    # ====== END YOUR CODE HERE ======
    return month

# %% wettest-month-check
# Check the wettest month (2 points)
shuffled = rain.assign(mm=expect.rng().permutation(rain.mm.to_numpy()))
expect.same(wettest_month(rain), name="these years")
expect.same(wettest_month(shuffled), name="the same numbers in another order")

# %% plot
plt.bar(means.index, means)
plt.xlabel("month")
plt.ylabel("mean rain in mm")
plt.show()

# %% [markdown] enough-years
# **Question 1 (4 points).** Are three years enough to say which month is the wettest? Use the plot and the table.
#
# <!-- ===== START YOUR ANSWER HERE ===== -->
# No: the means of the summer months differ by less than one month differs from year to year.
#
# ### BEGIN MARK SCHEME
# Two points for comparing the difference with the spread, two for numbers.
# ### END MARK SCHEME
# <!-- ====== END YOUR ANSWER HERE ====== -->
