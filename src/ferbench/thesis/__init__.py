"""What only the thesis needs: its file formats, stored scores, exactness and exports."""
